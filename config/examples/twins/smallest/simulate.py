"""Warms a tank of water for ten minutes and prints its temperature once a minute."""

temperature, power, heat_capacity = 20.0, 12_000.0, 60 * 4186.0
for minute in range(1, 11):
    temperature += 60 * power / heat_capacity
    print(f"temperature={temperature:.2f}")
