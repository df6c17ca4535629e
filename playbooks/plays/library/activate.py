"""Plays of success: help with what people try to do."""

from playbooks.plays.library.texts import PlayText, StepText, lines, mail

PLAYS: dict[str, PlayText] = {
    "activation": PlayText(
        name="Help to the first shared result",
        motion="success",
        tier="activate",
        goal="The team reaches what makes others stay: {{path}}.",
        talking_points=lines(
            "Still missing: {{path}}.",
            "Ask what they want to have done by the end of the month. Show the shortest way there.",
            "“{{next_feature}}” is what most teams use next, and this one has not tried it.",
            "You are there to help. Nothing is for sale in this conversation.",
        ),
        exits=("hand_raised", "left"),
        steps=(
            StepText("task", 0, "Look at what they did, and where they stopped"),
            StepText(
                "email",
                0,
                "Offer help with what they try to do",
                "Getting further with “{{top_feature}}”",
                mail(
                    "Hi {{champion.first_name}},",
                    "your team already works with “{{top_feature}}”. Teams like yours usually go on to “{{next_feature}}”,"
                    " because it saves them doing things twice.",
                    "What would you like to have running by the end of the month? I will show you the shortest way,"
                    " in a quarter of an hour or in writing, as you like.",
                ),
            ),
            StepText("meeting", 3, "A working session on their own example"),
            StepText("task", 7, "Look whether it happened; send the next small step"),
        ),
    ),
    "bring_the_team": PlayText(
        name="Help the champion to bring the team",
        motion="success",
        tier="activate",
        persona="champion",
        goal="From {{active_users_28}} active people to seven, by the champion's own hand.",
        talking_points=lines(
            "{{champion.name}} sent {{champion.invites}} invitations already. Teams of about seven stay.",
            "What would colleagues see first? Prepare that, so that an invitation leads somewhere.",
            "Give {{champion.first_name}} the words and the template; take the work off.",
        ),
        exits=("hand_raised", "left"),
        steps=(
            StepText(
                "email",
                0,
                "Offer a start for colleagues",
                "A start for your colleagues",
                mail(
                    "Hi {{champion.first_name}},",
                    "{{active_users_28}} of you work with it now. From about seven on, teams tell us, it becomes the place"
                    " where things are, and nobody asks any more.",
                    "Whom would you like to have in it? I will prepare a first page for them, so that your invitation"
                    " leads to something useful.",
                ),
            ),
            StepText("task", 1, "Prepare the page or template they named"),
            StepText("meeting", 4, "Twenty minutes with the new colleagues"),
            StepText("task", 8, "Thank {{champion.name}}, and show what the team made"),
        ),
    ),
    "profile": PlayText(
        name="Learn who these people are",
        motion="success",
        persona="end_user",
        goal="You know role and purpose of the most active people.",
        talking_points=lines(
            "Nobody here is profiled well enough to tell who decides. Ask, in passing, while you help.",
            "Three questions: what is your part in the team, what do you use it for, who else should see the result?",
        ),
        exits=("buyer_found", "hand_raised", "left"),
        steps=(
            StepText(
                "message",
                0,
                "Ask the most active person in the product",
                "",
                "Hello! You use “{{top_feature}}” a lot. What for? And who else at {{account}} gets to see the result?"
                " I ask so that I can point you to what helps. {{member.first_name}}",
            ),
            StepText("task", 3, "Write roles and names into the account"),
        ),
    ),
    "setup_help": PlayText(
        name="Help with the set-up",
        motion="success",
        signal="admin_switch",
        goal="Somebody answers for the set-up, and it is right.",
        talking_points=lines(
            "{{signal}}: somebody takes it seriously. A good set-up now saves a month later.",
            "Offer the checklist: groups, rights, templates, sign-on.",
        ),
        exits=("hand_raised", "left"),
        steps=(
            StepText(
                "email",
                0,
                "Send the checklist",
                "A checklist for your set-up",
                mail(
                    "Hi {{champion.first_name}},",
                    "while you put things in order: here is the checklist that teams of your size use. Groups, rights, templates,"
                    " sign-on; half an hour in all.",
                    "Do you want to go through it together?",
                ),
            ),
            StepText("meeting", 3, "Go through the checklist together"),
        ),
    ),
    "quiet_champion": PlayText(
        name="A champion has gone quiet",
        motion="success",
        persona="champion",
        goal="You know whether {{champion.name}} left, was held up, or was disappointed.",
        talking_points=lines(
            "{{champion.name}} carried this, and has not been seen lately. Find out why before usage follows.",
            "Left the company: who took over? Held up: what would take five minutes? Disappointed: listen.",
            "An own account of what went wrong is worth more than an offer.",
        ),
        exits=("replied", "meeting", "left"),
        is_active=False,
        steps=(
            StepText(
                "email",
                0,
                "Ask, in two lines",
                "Are you still on “{{top_feature}}”?",
                mail(
                    "Hi {{champion.first_name}},",
                    "I have not seen you lately. Did something not work, or did something else come up? One line is enough,"
                    " and if somebody else does this now, I am glad of the name.",
                ),
            ),
            StepText("call", 2, "Call {{champion.name}}"),
            StepText("task", 4, "Ask the second most active person what has changed"),
        ),
    ),
}
