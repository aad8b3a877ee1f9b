"""The public site: HTML made of the API's own answers, and of nothing else. Text, tables and one chart; no script."""
