"""Pages of the report: findings, tables, supplement."""
