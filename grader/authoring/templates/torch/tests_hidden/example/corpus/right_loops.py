class Gate(nn.Module):
    def __init__(self, size):
        super().__init__()
        self.linear = nn.Linear(size, size)
        self.value = nn.Linear(size, size)

    def forward(self, x):
        return self.value(x) / (1 + torch.exp(-self.linear(x)))


class Classifier(nn.Module):
    def __init__(self, size, classes):
        super().__init__()
        self.gate = Gate(size)
        self.head = nn.Linear(size, classes)

    def forward(self, x):
        rows = []
        for sequence in x:
            rows.append(self.head(self.gate(sequence).mean(0)))
        return torch.stack(rows)
