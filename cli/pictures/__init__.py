"""Pictures for the documentation: one pure function per picture, a report in, a chart out."""
