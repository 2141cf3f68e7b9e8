"""Exchange rates: a dated table that is itself a delivery, and conversion by it where it is asked for."""
