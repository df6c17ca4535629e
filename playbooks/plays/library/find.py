"""Plays of marketing: the buyer who does not use the product."""

from playbooks.plays.library.texts import PlayText, StepText, lines, mail

PLAYS: dict[str, PlayText] = {
    "find_buyer": PlayText(
        name="Find the buyer of a qualified account",
        motion="marketing",
        goal="A name, a title and an address of somebody who decides at {{account}}.",
        talking_points=lines(
            "{{active_users_28}} people use it and no buyer is among them. That is usual: about three in ten buyers ever sign up.",
            "Whoever owns the work behind “{{top_feature}}” owns the budget for it. Look for that title.",
            "The usage is your proof: quote it, without names of people.",
        ),
        exits=("buyer_found", "hand_raised", "left"),
        steps=(
            StepText("task", 0, "Find the head of the team that uses “{{top_feature}}” at {{account.domain}}"),
            StepText("task", 1, "Add the person as a contact of the account"),
            StepText(
                "email",
                2,
                "Write with the usage as proof",
                "{{active_users_28}} people at {{account}} already work this way",
                mail(
                    "Hello,",
                    "{{active_users_28}} people at {{account}} have begun to do “{{top_feature}}” with us, by themselves."
                    " Teams like yours then ask two things: is it safe, and what does it save?",
                    "I have both on one page for your area. Are you the right person for it, or who would be?",
                ),
            ),
            StepText("task", 6, "Show the account the page of their industry where they read"),
        ),
    ),
    "champion_to_buyer": PlayText(
        name="Ask who invites most for the way to the buyer",
        motion="marketing",
        persona="champion",
        goal="{{champion.name}} names the person who decides.",
        talking_points=lines(
            "{{champion.name}} sent {{champion.invites}} invitations and knows how things are decided there.",
            "Ask for advice, not for a contact. Give something first: a page the team can use.",
            "An introduction by a colleague beats ten messages from outside.",
        ),
        exits=("buyer_found", "replied", "hand_raised", "left"),
        steps=(
            StepText(
                "task",
                0,
                "Choose what {{champion.name}} can use now: a guide on “{{next_feature}}”, an example, a session",
            ),
            StepText(
                "email",
                0,
                "Ask {{champion.name}} for advice",
                "May I ask your advice?",
                mail(
                    "Hi {{champion.first_name}},",
                    "you brought {{champion.invites}} colleagues to us. Attached is something for all of you"
                    " on “{{next_feature}}”.",
                    "May I ask your advice: when a team at {{account}} wants to make a tool official, whom does it talk to,"
                    " and what does that person want to see?",
                ),
            ),
            StepText("call", 3, "Thank them, and ask whether you may mention their name"),
            StepText("task", 5, "Add the named person as a contact"),
        ),
    ),
}
