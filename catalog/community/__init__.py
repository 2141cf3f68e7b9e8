"""What people send in: their consent, their pseudonym, and what they say their pictures show."""
