"""The client side of UnrealCV: a driver with deadlines, and the capture of one labelled frame."""
