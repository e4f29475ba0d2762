"""The fax service: it accepts documents, converts them, queues them, sends them, and keeps what arrives."""
