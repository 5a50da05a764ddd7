"""What the checkers refuse about handlers of events. Each comment names what each of them says."""

from portico import Portico, QueueMessage, ScheduledEvent, TopicMessage

app = Portico()


@app.on("queue")  # error: X
def of_another_kind(message: TopicMessage[str]) -> None: ...


@app.on("queue")  # error: X
def without_a_record() -> None: ...


@app.on("sqs")  # error: X
def of_the_payload(order: int) -> None: ...


@app.on("schedule")  # error: X
def of_a_schedule(message: QueueMessage[str]) -> None: ...


@app.on("sns")  # error: X
def that_returns(message: TopicMessage[str]) -> int: ...


@app.on("queues")  # error: X
def of_no_kind(message: QueueMessage[str]) -> None: ...


@app.on("schedule", 5)  # error: X
def of_no_name(event: ScheduledEvent) -> None: ...


@app.on("queue")
def body_of_a_message(message: QueueMessage[int]) -> None:
    text: str = message.body  # error: X
    print(text)
