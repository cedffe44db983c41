"""What several tests need: database servers, a browser, rules about skipping."""
