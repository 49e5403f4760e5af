"""Human bodies: shape, clothes, hair, hidden anatomy, markers, posing."""
