print("event-storm")
