"""The result of a comparison: differences, which fail it, and explained ones, which do not."""


class Report:
    def __init__(self, title):
        self.title = title
        self.facts = []
        self.explained = []
        self.differences = []
        self.late = []

    def fact(self, text):
        self.facts.append(text)

    def explain(self, reason, names):
        """Adds items of one recording only; the caller has verified the reason."""
        if names:
            self.explained.append((reason, list(names)))

    def differ(self, text):
        self.differences.append(text)

    def delay(self, text):
        """Adds a difference that a busy machine can cause, so that the run is repeated."""
        self.late.append(text)

    @property
    def agrees(self):
        return not self.differences and not self.late

    def show(self):
        print(f"{self.title}: {'agrees' if self.agrees else 'DIFFERS'}")
        for fact in self.facts:
            print(f"  {fact}")
        for reason, names in self.explained:
            print(f"  {len(names)} {reason}")
            for name in names[:20]:
                print(f"    {name}")
            if len(names) > 20:
                print(f"    and {len(names) - 20} more like these")
        for text in self.differences + self.late:
            print(f"  difference: {text}")
