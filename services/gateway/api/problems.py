"""Problems that only the public API has."""

from shared.kit.problems import Problem


class CursorNotValid(Problem):
    status, code, title = 400, "cursor_not_valid", "Cursor not valid"

    def __init__(self) -> None:
        super().__init__("This cursor was altered, or belongs to another query. Start again without it.")


class NotAcceptable(Problem):
    status, code, title = 406, "not_acceptable", "No such form of this answer"

    def __init__(self, offered: tuple[str, ...]) -> None:
        super().__init__(f"This address answers as: {', '.join(offered)}.")


class RangeNotSatisfiable(Problem):
    status, code, title = 416, "range_not_satisfiable", "No such part of this file"

    def __init__(self, whole: int) -> None:
        super().__init__(
            f"The file has {whole} bytes, and the range that was asked for begins after its end.",
            headers={"Content-Range": f"bytes */{whole}"},
        )


class NoModelCard(Problem):
    status, code, title = 404, "no_model_card", "No model card"

    def __init__(self) -> None:
        super().__init__(
            "This release has no card of a risk model for this indicator: its expected numbers come with its "
            "publisher's data, or the release was built before cards were kept."
        )


class RankNotDefined(Problem):
    status, code, title = 422, "rank_not_defined", "Places are not defined here"

    def __init__(self, detail: str) -> None:
        super().__init__(detail, errors=[{"parameter": "include"}])


class ReleaseTakenDown(Problem):
    status, code, title = 410, "release_taken_down", "This release was taken down"

    def __init__(self, successor: str | None) -> None:
        super().__init__("Its figures were withdrawn because of an error.")
        if successor is not None:
            self.members["successor"] = successor


class Starting(Problem):
    status, code, title = 503, "starting", "Not ready yet"

    def __init__(self) -> None:
        super().__init__("The figures are being loaded. Try again in a few seconds.", headers={"Retry-After": "2"})
