"""Members' personal data: consents, requests, who looked, what is held, erasing."""
