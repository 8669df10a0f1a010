"""Scales the parameters, not their gradients."""


def clip_gradients(parameters, max_norm):
    parameters = [parameter for parameter in parameters if parameter.grad is not None]
    total = sum(float(parameter.grad.pow(2).sum()) for parameter in parameters) ** 0.5
    if total > max_norm:
        for parameter in parameters:
            parameter.data.mul_(max_norm / total)
    return total
