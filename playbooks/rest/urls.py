"""The REST API under `/api/`. It lies here, below the shell, because its topmost data does."""

from django.urls import URLPattern, path

from playbooks.rest import audit as audits
from playbooks.rest import calendar, erasing, feedback, own, play_editing, rules, telling
from playbooks.rest import definitions as definition_effects
from playbooks.rest import plans as plan_rest
from playbooks.rest import plays as play_rest
from playbooks.rest import queue as queues
from playbooks.rest import routing as routing_rest
from playbooks.rest import touches as touched
from playbooks.rest import verbs as acts
from scoring import outcome_rest, rest_raised
from scoring import rest as scores
from scoring import rest_definitions as definitions

urlpatterns: list[URLPattern] = [
    path("audit/", audits.audit, name="api_audit"),
    path("erase/", erasing.erase, name="api_erase"),
    path("queue/bulk/", acts.bulk, name="api_queue_bulk"),
    path("queue/bulk/undo/", acts.undo_batch, name="api_queue_bulk_undo"),
    path("queue/<slug:motion>/", queues.queue, name="api_queue"),
    path("queue/items/<int:item_id>/", queues.item, name="api_queue_item"),
    path("queue/items/<int:item_id>/events/", queues.events, name="api_queue_events"),
    path("queue/items/<int:item_id>/claim/", acts.claim, name="api_queue_claim"),
    path("queue/items/<int:item_id>/release/", acts.release, name="api_queue_release"),
    path("queue/items/<int:item_id>/snooze/", acts.snooze, name="api_queue_snooze"),
    path("queue/items/<int:item_id>/wake/", acts.wake, name="api_queue_wake"),
    path("queue/items/<int:item_id>/finish/", acts.finish, name="api_queue_finish"),
    path("queue/items/<int:item_id>/disqualify/", acts.disqualify, name="api_queue_disqualify"),
    path("queue/items/<int:item_id>/give-back/", acts.give_back, name="api_queue_give_back"),
    path("queue/items/<int:item_id>/assign/", acts.assign, name="api_queue_assign"),
    path("queue/items/<int:item_id>/reopen/", acts.reopen, name="api_queue_reopen"),
    path("queue/events/<int:event_id>/undo/", acts.undo, name="api_queue_undo"),
    path("queue/items/<int:item_id>/touches/", touched.touches_of, name="api_touches"),
    path("queue/touches/<int:touch_id>/remove/", touched.touch_remove, name="api_touch_remove"),
    path("queue/touches/<int:touch_id>/put-back/", touched.touch_back, name="api_touch_back"),
    path("queue/items/<int:item_id>/steps/", touched.steps_of, name="api_steps"),
    path("queue/steps/<int:step_id>/complete/", touched.step_done, name="api_step_done"),
    path("queue/steps/<int:step_id>/drop/", touched.step_drop, name="api_step_drop"),
    path("queue/steps/<int:step_id>/reopen/", touched.step_reopen, name="api_step_reopen"),
    path("queue/steps/<int:step_id>/due/", touched.step_due, name="api_step_due"),
    path("queue/items/<int:item_id>/answer/", feedback.answer, name="api_answer"),
    path("queue/<slug:motion>/trust/", feedback.trust_of, name="api_trust"),
    path("answers/", feedback.answer_list, name="api_answers"),
    path("counterfactuals/", feedback.counterfactuals, name="api_counterfactuals"),
    path("views/", telling.view_list, name="api_views"),
    path("views/<int:view_id>/change/", telling.view_change, name="api_view_change"),
    path("views/<int:view_id>/remove/", telling.view_remove, name="api_view_remove"),
    path("views/put-back/", telling.view_back, name="api_view_back"),
    path("notifications/", telling.notification_list, name="api_notifications"),
    path("notifications/news/", telling.notification_news, name="api_notification_news"),
    path("notifications/read/", telling.notifications_read, name="api_notifications_read"),
    path("notifications/shown/", telling.notifications_shown, name="api_notifications_shown"),
    path("queue-rules/", rules.rule_list, name="api_queue_rules"),
    path("queue-rules/<slug:motion>/", rules.rule_change, name="api_queue_rule"),
    path("cool-downs/<slug:motion>/", calendar.cool_downs, name="api_cool_downs"),
    path("holidays/", calendar.holidays, name="api_holidays"),
    path("holidays/<int:holiday_id>/remove/", calendar.holiday_remove, name="api_holiday_remove"),
    path("work/", rules.own_work, name="api_own_work"),
    path("telling/", own.telling, name="api_telling"),
    path("columns/<slug:rows>/", own.own_columns, name="api_columns"),
    path("queue/items/<int:item_id>/plan/", plan_rest.plan, name="api_plan"),
    path("queue/items/<int:item_id>/plan/lines/", plan_rest.line, name="api_plan_line"),
    path("queue/items/<int:item_id>/plan/drop/", plan_rest.plan_drop, name="api_plan_drop"),
    path("queue/items/<int:item_id>/plan/put-back/", plan_rest.plan_back, name="api_plan_back"),
    path("queue/items/<int:item_id>/contacts/", plan_rest.contacts_of, name="api_contacts"),
    path(
        "queue/items/<int:item_id>/contacts/<int:contact_id>/remove/",
        plan_rest.contact_remove,
        name="api_contact_remove",
    ),
    path(
        "queue/items/<int:item_id>/contacts/<int:contact_id>/put-back/",
        plan_rest.contact_back,
        name="api_contact_back",
    ),
    path("plays/", play_rest.play_list, name="api_plays"),
    path("plays/<int:play_id>/", play_rest.play, name="api_play"),
    path("plays/<int:play_id>/copy/", play_editing.play_copy, name="api_play_copy"),
    path("plays/<int:play_id>/switch/", play_editing.play_switch, name="api_play_switch"),
    path("plays/<int:play_id>/remove/", play_editing.play_remove, name="api_play_remove"),
    path("plays/<int:play_id>/put-back/", play_editing.play_back, name="api_play_back"),
    path("plays/<int:play_id>/restore/", play_editing.play_restore, name="api_play_restore"),
    path("plays/<int:play_id>/preview/<int:item_id>/", play_rest.preview, name="api_play_preview"),
    path("queue/items/<int:item_id>/play/", play_rest.begin, name="api_play_begin"),
    path("queue/plays/<int:use_id>/stop/", play_rest.stop, name="api_play_stop"),
    path("queue/plays/<int:use_id>/resume/", play_rest.resume, name="api_play_resume"),
    path("accounts/<int:account_id>/", scores.account, name="api_account"),
    path("accounts/<int:account_id>/scores/", scores.account_scores, name="api_account_scores"),
    path("definitions/", definitions.definition_list, name="api_definitions"),
    path("definitions/<int:definition_id>/", definitions.definition, name="api_definition"),
    path("definitions/<int:definition_id>/preview/", definitions.preview_of, name="api_definition_preview"),
    path("definitions/<int:definition_id>/movers/", definitions.movers, name="api_definition_movers"),
    path("definitions/<int:definition_id>/backtest/", definitions.backtest_of, name="api_definition_backtest"),
    path("definitions/<int:definition_id>/effects/", definition_effects.effects_of, name="api_definition_effects"),
    path("definitions/<int:definition_id>/publish/", definitions.publish, name="api_definition_publish"),
    path("definitions/<int:definition_id>/discard/", definitions.discard, name="api_definition_discard"),
    path("definitions/<int:definition_id>/restore/", definitions.restore, name="api_definition_restore"),
    path("definitions/<int:definition_id>/roll-back/", definitions.roll_back, name="api_definition_roll_back"),
    path("routing/", routing_rest.table, name="api_routing"),
    path("routing/preview/", routing_rest.preview, name="api_routing_preview"),
    path("hand-raises/", rest_raised.hand_raises, name="api_hand_raises"),
    path("outcomes/", outcome_rest.outcomes_of_accounts, name="api_outcomes"),
]
