def convolve(images, kernels, bias):
    k, c, h, w = kernels.shape
    windows = images.unfold(2, h, 1).unfold(3, w, 1).permute(0, 2, 3, 1, 4, 5)
    b, rows, columns = windows.shape[:3]
    result = windows.reshape(b, rows, columns, c * h * w) @ kernels.reshape(k, -1).T + bias
    return result.permute(0, 3, 1, 2)


def max_pool(images, size):
    rows = torch.stack([images[:, :, i::size][:, :, : images.shape[2] // size] for i in range(size)]).amax(0)
    return torch.stack([rows[..., j::size][..., : images.shape[3] // size] for j in range(size)]).amax(0)


class SmallCNN(nn.Module):
    def __init__(self, channels, kernels, size, classes):
        super().__init__()
        self.kernels = nn.Parameter(torch.zeros(kernels, channels, 3, 3))
        self.bias = nn.Parameter(torch.zeros(kernels))
        self.head = nn.Linear(kernels * ((size - 2) // 2) ** 2, classes)

    def forward(self, images):
        layers = (lambda x: convolve(x, self.kernels, self.bias), nn.ReLU(), lambda x: max_pool(x, 2), nn.Flatten())
        for layer in layers:
            images = layer(images)
        return self.head(images)
