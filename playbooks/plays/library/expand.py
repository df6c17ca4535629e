"""Plays of sales for customers."""

from playbooks.plays.library.texts import PlayText, StepText, lines, mail

PLAYS: dict[str, PlayText] = {
    "expansion": PlayText(
        name="Grow with a customer",
        motion="sales",
        is_expansion=True,
        goal="The next team at {{account}} starts with the help of the first.",
        talking_points=lines(
            "They pay already. Begin with what they have: is it used, and does it do what was promised?",
            "{{active_users_28}} people are active, {{new_users_28}} of them new. Which team do the new ones belong to?",
            "Expansion follows use. Propose seats for people who work with it, not for the whole company.",
        ),
        exits=("replied", "meeting"),
        steps=(
            StepText("task", 0, "Compare seats bought with {{active_users_28}} active people"),
            StepText(
                "email",
                0,
                "Ask the champion about the new team",
                "The new people on “{{top_feature}}”",
                mail(
                    "Hi {{champion.first_name}},",
                    "{{new_users_28}} new people at {{account}} started in the last four weeks. Is that another team?",
                    "If so, I would like to help them to where yours is: an hour together, with your set-up as the example.",
                ),
            ),
            StepText("meeting", 4, "Look back with the first team: what works, who should have it next"),
            StepText(
                "email",
                7,
                "Business case for the next team",
                "From {{active_users_28}} people to the next team",
                mail(
                    "Hi {{buyer.first_name}},",
                    "the team you bought this for uses it every week: {{active_users_28}} people, {{features_used}} features."
                    " {{new_users_28}} people elsewhere have started by themselves.",
                    "I have written down what it would take to give them the same, and what it would save. May I send it?",
                ),
            ),
        ),
    ),
    "outgrown": PlayText(
        name="A customer outgrows the plan",
        motion="sales",
        signal="pricing",
        is_expansion=True,
        goal="The customer hears of the limit from you, with the way out, before running into it.",
        talking_points=lines(
            "A customer looked at prices: a limit is near, or somebody asks whether it is worth it.",
            "Look at both: if use goes down, help first. If it goes up, bring the calculation.",
            "Never let a limit stop a team in the middle of its work.",
        ),
        exits=("replied", "meeting"),
        steps=(
            StepText("task", 0, "Check limits and use: {{active_users_28}} people, {{events_28}} actions in 28 days"),
            StepText(
                "email",
                0,
                "Bring the calculation",
                "Your plan and {{active_users_28}} people",
                mail(
                    "Hi {{buyer.first_name}},",
                    "{{active_users_28}} people at {{account}} are active now. Before you run into a limit,"
                    " here is what the present plan holds and what the next one would cost. If it is enough as it is, say so.",
                ),
            ),
            StepText("call", 3, "Call about the calculation"),
        ),
    ),
}
