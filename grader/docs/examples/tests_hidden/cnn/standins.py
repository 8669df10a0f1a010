"""The stand-ins for the two functions while the network is tested: the same shapes, other numbers."""


def corner_times_kernel(images, kernels, bias):
    """Each kernel's sum times the upper left pixel of each window."""
    corners = images[:, :, :-2, :-2].sum(dim=1, keepdim=True)
    return corners * kernels.sum(dim=(1, 2, 3))[:, None, None] + bias[:, None, None]


def first_of_square(images, size):
    """The upper left value of each whole square."""
    rows, columns = images.shape[2] // size * size, images.shape[3] // size * size
    return images[:, :, :rows:size, :columns:size]
