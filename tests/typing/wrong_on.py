"""What the checkers refuse about handlers of events. Each comment names what each of them says."""

from portico import Portico, QueueMessage, TopicMessage

app = Portico()
on = app.on


@on("queue")  # error: mypy[type-var] pyright[reportArgumentType,reportUntypedFunctionDecorator]
def of_another_kind(message: TopicMessage[str]) -> None: ...


@on("queue")  # error: mypy[type-var] pyright[reportArgumentType,reportUntypedFunctionDecorator]
def without_a_record() -> None: ...


@on("sqs")  # error: mypy[type-var] pyright[reportArgumentType,reportUntypedFunctionDecorator]
def of_the_payload(order: int) -> None: ...


@on("schedule")  # error: mypy[type-var] pyright[reportArgumentType,reportUntypedFunctionDecorator]
def of_a_schedule(message: QueueMessage[str]) -> None: ...


@on("sns")  # error: mypy[type-var] pyright[reportArgumentType,reportUntypedFunctionDecorator]
def that_returns(message: TopicMessage[str]) -> int:
    return 1


on("queues")  # error: mypy[call-overload] pyright[reportCallIssue,reportArgumentType]
on("schedule", 5)  # error: mypy[call-overload] pyright[reportCallIssue,reportArgumentType]


@on("queue")
def of_a_payload(message: QueueMessage[int]) -> None:
    text: str = message.body  # error: mypy[assignment] pyright[reportAssignmentType]
    assert text
