"""What good data means: image rules, expectation suites, asset checks."""
