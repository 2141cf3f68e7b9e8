"""When, where and with what.

Definitions, resources, partitions, jobs, schedules, sensors, settings, command line.
"""
