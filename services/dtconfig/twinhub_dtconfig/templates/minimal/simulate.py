"""A cup of coffee cools down: the smallest thing to begin with."""

temperature, room, minutes = 90.0, 20.0, 0
while temperature > 40:
    temperature -= 0.05 * (temperature - room)
    minutes += 1
print(f"drinkable after {minutes} minutes")
