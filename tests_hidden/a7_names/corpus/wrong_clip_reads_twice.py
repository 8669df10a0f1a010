"""Goes through the parameters twice: a generator is empty the second time."""


def clip_gradients(parameters, max_norm):
    total = sum(float(p.grad.pow(2).sum()) for p in parameters if p.grad is not None) ** 0.5
    if total > max_norm:
        for parameter in parameters:
            if parameter.grad is not None:
                parameter.grad.mul_(max_norm / total)
    return total
