"""Alerts: what people are told of copied codes, who is told, and what they did about it."""
