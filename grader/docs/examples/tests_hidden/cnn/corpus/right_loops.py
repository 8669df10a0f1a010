def convolve(images, kernels, bias):
    h, w = kernels.shape[-2:]
    rows = images.shape[2] - h + 1
    columns = images.shape[3] - w + 1
    result = bias.view(1, -1, 1, 1)
    for i in range(h):
        for j in range(w):
            part = images[:, :, i : i + rows, j : j + columns]
            result = result + torch.einsum("bcxy,kc->bkxy", part, kernels[:, :, i, j])
    return result


def max_pool(images, size):
    b, c, h, w = images.shape
    whole = images[:, :, : h // size * size, : w // size * size]
    return whole.reshape(b, c, h // size, size, w // size, size).max(5).values.max(3).values


class SmallCNN(nn.Module):
    def __init__(self, channels, kernels, size, classes):
        super().__init__()
        self.kernels = nn.Parameter(torch.randn(kernels, channels, 3, 3))
        self.bias = nn.Parameter(torch.zeros(kernels))
        self.head = nn.Linear(kernels * ((size - 2) // 2) ** 2, classes)

    def forward(self, images):
        x = convolve(images, self.kernels, self.bias).clamp(min=0)
        x = max_pool(x, 2)
        return self.head(x.reshape(len(x), -1))
