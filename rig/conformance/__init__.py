"""A suite that judges any fax device on 8 kHz audio: cases, the tester that plays them, the devices it can reach."""
