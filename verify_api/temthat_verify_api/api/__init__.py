"""The programs' side of the service: JSON questions and answers under /api/v1/."""
