"""The web service: students hand in and read feedback, staff run the class."""
