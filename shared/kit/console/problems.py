"""What can go wrong with a page, beyond what every service declares."""

from shared.kit.problems import Problem


class SignInAgain(Problem):
    """Some things are done only by somebody who has just shown who they are."""

    status, code, title = 401, "sign_in_again", "Give your password again"

    def __init__(self) -> None:
        super().__init__("This needs a password given within the last ten minutes. Nothing was changed.")


class FormNotOurs(Problem):
    """A request that no form of ours has sent from this browser: another site may have made the browser send it."""

    status, code, title = 403, "form_not_ours", "This did not come from one of our forms"

    def __init__(self) -> None:
        super().__init__("Nothing was changed. Open the page again and send its form from there.")
