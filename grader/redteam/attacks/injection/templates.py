"""Text that template languages would carry out."""


def double(number):
    raise ValueError("{{ 7 * 7 }} {% include '/etc/passwd' %} ${7*7} #{7*7} {0.__class__} %s %n [red]x[/red]")
