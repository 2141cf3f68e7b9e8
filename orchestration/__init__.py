"""When, where and with what: definitions, resources, partitions, jobs, schedules, sensors, settings, command line."""
