"""Each gradient is clipped by its own norm, so the direction changes."""


def clip_gradients(parameters, max_norm):
    total = 0.0
    for parameter in parameters:
        if parameter.grad is not None:
            norm = float(parameter.grad.norm())
            total += norm**2
            if norm > max_norm:
                parameter.grad.mul_(max_norm / norm)
    return total**0.5
