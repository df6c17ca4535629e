"""Plays of sales for accounts that do not pay yet."""

from playbooks.plays.library.texts import PlayText, StepText, lines, mail

PLAYS: dict[str, PlayText] = {
    "hand_raised": PlayText(
        name="Answer a raised hand within the hour",
        motion="sales",
        signal="hand_raise",
        goal="A conversation with the person who asked, about what they asked.",
        talking_points=lines(
            "They asked: “{{raised.words}}”. Begin there, with nothing else.",
            "You can see that {{active_users_28}} people at {{account}} use us. Say so, and ask what they are trying to get done.",
            "Answer the question first. Price and contract come when they ask.",
            "Who else has to be in the room? Offer to bring the right person from your side too.",
        ),
        exits=("replied", "meeting"),
        steps=(
            StepText("call", 0, "Call {{raised.name}} within the hour"),
            StepText(
                "email",
                0,
                "Write at once when nobody answers the phone",
                "Your question",
                mail(
                    "Hi {{raised.first_name}},",
                    "you asked us: “{{raised.words}}”. I just tried to reach you by phone.",
                    "I have looked at what your team does with us, so we can skip the tour and go straight to your question."
                    " When in the next two days do you have twenty minutes?",
                ),
            ),
            StepText("call", 1, "Call again, at another time of day"),
            StepText(
                "email",
                3,
                "Send the answer in writing, also without a call",
                "Re: Your question",
                mail(
                    "Hi {{raised.first_name}},",
                    "here is the short answer to your question, so that you need no call for it:",
                    "[write the answer here]",
                    "If somebody else looks after this at {{account}}, I am glad to talk to them.",
                ),
            ),
        ),
    ),
    "business_case": PlayText(
        name="Business case for the buyer",
        motion="sales",
        tier="pqa",
        persona="economic_buyer",
        is_expansion=False,
        goal="The buyer sees what the team already gets out of it, and what a contract would add.",
        talking_points=lines(
            "{{active_users_28}} people at {{account}} used us in the last 28 days; {{buyer.name}} may not know.",
            "They use {{features_used}} features, most of all “{{top_feature}}”. That is the work the case is about.",
            "Talk in the buyer's numbers: hours saved, risk, tools that can go. Ask which one counts this quarter.",
            "The team can keep what it has. A contract adds control, security and support; do not take anything away.",
        ),
        exits=("replied", "meeting", "hand_raised"),
        steps=(
            StepText(
                "task", 0, "Ask {{champion.name}} what the team would say about us, before you write to {{buyer.name}}"
            ),
            StepText(
                "email",
                1,
                "Write to {{buyer.name}} with the team's own numbers",
                "What your team does with us: {{active_users_28}} people in four weeks",
                mail(
                    "Hi {{buyer.first_name}},",
                    "{{active_users_28}} people at {{account}} worked with us in the last four weeks,"
                    " mostly on “{{top_feature}}”. They began by themselves, so this may be news to you.",
                    "I can put on one page what they use it for, what it saves them and what it would take to make it official:"
                    " single sign-on, one bill, someone to call. Should I send it?",
                ),
            ),
            StepText(
                "task", 2, "Write the one-page business case: today's usage, the gain, the risk of leaving it as it is"
            ),
            StepText(
                "email",
                4,
                "Send the page, ask for twenty minutes",
                "One page on {{account}}'s use of us",
                mail(
                    "Hi {{buyer.first_name}},",
                    "here is the page. The numbers are your team's, from the last four weeks; the assumptions are mine and marked.",
                    "Would twenty minutes next week be worth it to correct them?",
                ),
            ),
            StepText("call", 7, "Call {{buyer.name}} about the page"),
        ),
    ),
    "champion_introduction": PlayText(
        name="Ask the champion for an introduction",
        motion="sales",
        tier="pqa",
        persona="champion",
        is_expansion=False,
        goal="{{champion.name}} brings you and the buyer together.",
        talking_points=lines(
            "{{champion.name}} sent {{champion.invites}} invitations: somebody who puts a name to this. Treat them as a partner.",
            "Ask what {{champion.first_name}} wants from it. Help with that first, today.",
            "Then: who decides on tools like this, and what would that person want to know?",
            "Offer to write the text of the introduction. Make it look good for {{champion.first_name}}.",
        ),
        exits=("replied", "meeting", "buyer_found", "hand_raised"),
        steps=(
            StepText(
                "email",
                0,
                "Thank {{champion.name}} and offer help",
                "Your team on {{top_feature}}",
                mail(
                    "Hi {{champion.first_name}},",
                    "you brought {{champion.invites}} colleagues in, and {{active_users_28}} people at {{account}} now work"
                    " with it. Thank you for that.",
                    "What would make it work better for all of you? I can set up a session for the new ones,"
                    " or find somebody who knows “{{top_feature}}” inside out.",
                ),
            ),
            StepText("call", 2, "Ask {{champion.name}} what the team tries to get done, and who decides about tools"),
            StepText(
                "email",
                4,
                "Give {{champion.name}} the text of the introduction",
                "A few lines you can forward",
                mail(
                    "Hi {{champion.first_name}},",
                    "here is a text that you can forward as it is, or change as you like:",
                    "“{{active_users_28}} of us use this every week, mostly for {{top_feature}}. I would like us to do it properly:"
                    " single sign-on and one bill. {{member.name}} there can answer what it takes. Could the three of us talk?”",
                    "And if I should rather wait, tell me that too.",
                ),
            ),
            StepText("call", 8, "Ask how the conversation went, and what is missing"),
        ),
    ),
    "confirm_buyer": PlayText(
        name="Find out who signs off",
        motion="sales",
        tier="pqa",
        persona="end_user",
        is_expansion=False,
        goal="The name of the person who decides, from the people who use it.",
        talking_points=lines(
            "{{active_users_28}} people are active, and none of them is known to decide. About seven in ten buyers never sign up.",
            "Write to the most active people as to colleagues: what do they use it for, what holds them up?",
            "One question at the end: who looks after tools like this at {{account}}?",
        ),
        exits=("replied", "meeting", "buyer_found", "hand_raised"),
        steps=(
            StepText("task", 0, "Look at the three most active people: title, team, what they use"),
            StepText(
                "email",
                0,
                "Ask the most active person what the team does with it",
                "How {{account}} uses “{{top_feature}}”",
                mail(
                    "Hi,",
                    "you are one of {{active_users_28}} people at {{account}} who work with us. I would like to help all of you"
                    " get more out of “{{top_feature}}”.",
                    "Two questions: what do you use it for, and who at {{account}} looks after tools like this?",
                ),
            ),
            StepText("call", 2, "Call the second most active person with the same two questions"),
            StepText("task", 3, "Write the decider's name into the account, or give it to marketing to find them"),
        ),
    ),
    "pricing": PlayText(
        name="Questions after a look at pricing",
        motion="sales",
        signal="pricing",
        is_expansion=False,
        goal="Whoever looked at the price knows what it would cost them, and what for.",
        talking_points=lines(
            "{{signal}}. Somebody is comparing. Do not say that you saw it; ask what they are working on.",
            "Have the answer ready for {{active_users_28}} people: which plan fits, and when the present one is enough.",
            "Honest advice to stay on the small plan wins more than it costs.",
        ),
        exits=("replied", "meeting", "hand_raised"),
        steps=(
            StepText("task", 0, "Work out what {{active_users_28}} people would cost, on each plan"),
            StepText(
                "email",
                0,
                "Offer the calculation",
                "What it would take for {{active_users_28}} people",
                mail(
                    "Hi {{champion.first_name}},",
                    "{{active_users_28}} people at {{account}} use us by now. Teams of that size usually ask which plan fits and"
                    " whether they need one at all.",
                    "I have worked it out for your team, including the answer “stay where you are”. Shall I send it?",
                ),
            ),
            StepText("call", 2, "Call with the calculation at hand"),
        ),
    ),
    "security_review": PlayText(
        name="Make the security review easy",
        motion="sales",
        signal="terms",
        persona="evaluator",
        goal="The reviewer has every document before asking for it.",
        talking_points=lines(
            "Somebody read the terms or the security page: a review has begun, or is about to.",
            "The reviewer wants papers, not a pitch. Send them whole, and name one person for questions.",
            "Ask for the deadline and the questionnaire; offer to fill it in.",
        ),
        exits=("replied", "meeting", "hand_raised"),
        steps=(
            StepText(
                "email",
                0,
                "Send the security papers",
                "Security and privacy papers for {{account}}",
                mail(
                    "Hi {{champion.first_name}},",
                    "when a team grows to {{active_users_28}} people, somebody usually has to look at security and privacy."
                    " Here is what reviewers ask us for: certificates, the data processing agreement, where data is kept.",
                    "If there is a questionnaire, send it to me; we fill it in within two days."
                    " Who at {{account}} runs the review?",
                ),
            ),
            StepText("task", 2, "Fill in the questionnaire, if they sent one"),
            StepText("call", 4, "Ask the reviewer which questions are open"),
        ),
    ),
    "admin_switch": PlayText(
        name="Help the new administrator",
        motion="sales",
        signal="admin_switch",
        is_expansion=False,
        goal="The set-up is right, and the person who answers for it knows you.",
        talking_points=lines(
            "{{signal}}. Somebody was made responsible for it: a sign that it is to stay.",
            "An administrator has a list: people, rights, sign-on, the bill. Help to tick it off.",
            "Ask what the company wants to have in place before everybody may use it.",
        ),
        exits=("replied", "meeting", "hand_raised"),
        steps=(
            StepText(
                "email",
                0,
                "Offer a half hour of set-up",
                "Setting it up for {{active_users_28}} people",
                mail(
                    "Hi {{champion.first_name}},",
                    "I saw that the set-up at {{account}} is being put in order. With {{active_users_28}} people that is usually"
                    " the time for groups, rights and single sign-on.",
                    "I have a checklist, and half an hour to go through it with whoever does it. When suits you?",
                ),
            ),
            StepText("meeting", 2, "Go through the set-up together"),
            StepText("email", 5, "Send the open points, and ask who else has to agree", "Open points of your set-up"),
        ),
    ),
    "usage_spike": PlayText(
        name="Learn what is behind a usage spike",
        motion="sales",
        signal="usage_spike",
        goal="You know which project made usage jump, and help it to succeed.",
        talking_points=lines(
            "{{why_now}}.",
            "A spike is a project, a deadline or a new team. Ask which, before you say anything about plans.",
            "{{new_users_28}} people are new: offer them a session.",
            "If it was a one-off, say thank you and come back when it lasts.",
        ),
        exits=("replied", "meeting", "hand_raised"),
        steps=(
            StepText("task", 0, "Look at who is new and what they do: “{{top_features}}”"),
            StepText(
                "email",
                0,
                "Ask what they are working on",
                "Something is going on at {{account}}",
                mail(
                    "Hi {{champion.first_name}},",
                    "your team did far more with “{{top_feature}}” lately than in the weeks before."
                    " That is usually a project with a date.",
                    "What are you working on? If it has a deadline, I can get you somebody who has done the same elsewhere,"
                    " and a short session for those who are new.",
                ),
            ),
            StepText("call", 2, "Call and listen: what is the project, who waits for its result?"),
            StepText("task", 5, "Look whether usage stayed up"),
        ),
    ),
    "buyer_joined": PlayText(
        name="Welcome the buyer who joined",
        motion="sales",
        signal="buyer_joined",
        persona="economic_buyer",
        is_expansion=False,
        goal="{{buyer.name}} sees within days what the team gets out of it.",
        talking_points=lines(
            "{{buyer.name}} has just come to have a look. No word about budgets: it is a first visit.",
            "Show what is there already: {{active_users_28}} people, “{{top_feature}}”.",
            "Ask what brought {{buyer.first_name}} here. The answer is the deal.",
        ),
        exits=("replied", "meeting", "hand_raised"),
        steps=(
            StepText("task", 1, "Ask {{champion.name}} why {{buyer.name}} was invited"),
            StepText(
                "email",
                2,
                "Welcome {{buyer.name}} with what the team does",
                "Your team's work, in two minutes",
                mail(
                    "Hi {{buyer.first_name}},",
                    "welcome. {{active_users_28}} of your colleagues work with us, mostly on “{{top_feature}}”."
                    " I have put together the three things they made that are worth a look.",
                    "What did you hope to find? I will point you to it.",
                ),
            ),
            StepText("call", 5, "Ask {{buyer.name}} what would make this worth keeping"),
        ),
    ),
}
