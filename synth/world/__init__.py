"""The embedded world: a server that speaks the wire of UnrealCV and draws on EGL."""
