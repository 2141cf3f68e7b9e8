"""What stands before every answer: who asks, what they may, how often, how long."""
