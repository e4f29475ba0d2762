"""How the devices on the bench are reached: what can be asked (`protocols`), and how."""
