"""The figures of a neighbourhood, as reports print them and pages show them."""
