#include "backend/utils/json_writer.h"
#include "services/api/replay_json_internal.h"

static void member(s1_json_writer *w, const char *name, const char *text)
{
    if (text != NULL) {
        s1_json_key(w, s1_str_of(name));
        s1_json_cstr(w, text);
    }
}

static void number(s1_json_writer *w, const char *name, uint64_t value)
{
    s1_json_key(w, s1_str_of(name));
    s1_json_u64(w, value);
}

static void write_books(s1_json_writer *w, const s1_replay_view *view)
{
    s1_json_key_lit(w, "books");
    s1_json_object(w);
    member(w, "initial_capital", view->initial_capital);
    member(w, "cash", view->cash);
    member(w, "open_cost", view->open_cost);
    member(w, "realized_pnl", view->realized_pnl);
    member(w, "fees", view->fees);
    member(w, "equity", view->equity);
    number(w, "opportunities", view->opportunities);
    number(w, "approved", view->approved);
    number(w, "rejected", view->rejected);
    number(w, "orders", view->orders);
    number(w, "fills", view->fills);
    number(w, "trades", view->trades);
    number(w, "threats", view->threats);
    number(w, "unknown_parts", view->unknown_parts);
    s1_json_key_lit(w, "open_positions");
    s1_json_array(w);
    for (size_t i = 0; i < view->position_count; i++) {
        const s1_replay_position *const p = &view->positions[i];
        s1_json_object(w);
        member(w, "trade_id", p->trade_id);
        member(w, "opportunity_id", p->opportunity_id);
        member(w, "direction", p->direction);
        member(w, "quantity", p->quantity);
        member(w, "entry_price", p->entry_price);
        member(w, "cost", p->cost);
        member(w, "stop_loss", p->stop_loss);
        member(w, "take_profit", p->take_profit);
        s1_json_object_end(w);
    }
    s1_json_array_end(w);
}

static void write_rest(s1_json_writer *w, const s1_replay_view *view)
{
    s1_json_key_lit(w, "last_closed");
    s1_json_array(w);
    for (size_t i = 0; i < view->closed_count; i++) {
        const s1_replay_closed *const c = &view->closed[i];
        s1_json_object(w);
        member(w, "trade_id", c->trade_id);
        member(w, "direction", c->direction);
        member(w, "quantity", c->quantity);
        member(w, "exit_time", c->exit_time);
        member(w, "exit_price", c->exit_price);
        member(w, "pnl", c->pnl);
        member(w, "closure_reason", c->closure_reason);
        s1_json_object_end(w);
    }
    s1_json_array_end(w);
    s1_json_key_lit(w, "active_threats");
    s1_json_array(w);
    for (size_t i = 0; i < view->active_count; i++) {
        const s1_replay_threat *const t = &view->active[i];
        s1_json_object(w);
        member(w, "threat_id", t->threat_id);
        member(w, "threat_type", t->type);
        member(w, "severity", t->severity);
        number(w, "line", t->line);
        s1_json_object_end(w);
    }
    s1_json_array_end(w);
    s1_json_object_end(w);
}

static void write_compared(s1_json_writer *w, const s1_replay_view *view)
{
    s1_json_key_lit(w, "compared");
    s1_json_array(w);
    for (size_t i = 0; i < view->item_count; i++) {
        const s1_replay_item *const item = &view->items[i];
        s1_json_object(w);
        member(w, "where", item->where);
        member(w, "field", item->field);
        member(w, "rebuilt", item->rebuilt);
        member(w, "left", item->left);
        member(w, "status", item->status);
        member(w, "note", item->note);
        s1_json_object_end(w);
    }
    s1_json_array_end(w);
    s1_json_key_lit(w, "breaches");
    s1_json_array(w);
    for (size_t i = 0; i < view->breach_kept; i++) {
        const s1_replay_breach *const b = &view->breaches[i];
        s1_json_object(w);
        member(w, "invariant", b->invariant);
        number(w, "row", (uint64_t)b->row);
        member(w, "rule", b->rule);
        number(w, "line", b->line);
        number(w, "seq", b->seq);
        member(w, "where", b->where);
        member(w, "field", b->field);
        member(w, "found", b->found);
        member(w, "expected", b->expected);
        s1_json_object_end(w);
    }
    s1_json_array_end(w);
}

void s1_replay_json(const s1_replay_view *view, s1_strbuf *out)
{
    s1_json_writer writer;
    s1_json_writer *const w = &writer;
    s1_json_init(w, out, 2);
    s1_json_object(w);
    member(w, "results", view->dir);
    member(w, "strategy_link_id", view->link);
    member(w, "run_id", view->run_id);
    member(w, "journal_level", view->level);
    number(w, "entries", view->entries);
    number(w, "blocks", view->blocks);
    s1_json_key_lit(w, "is_equal");
    s1_json_bool(w, view->breach_count == 0);
    number(w, "equal", view->equal_count);
    number(w, "trade_fields", view->trade_fields);
    number(w, "not_in_journal", view->not_kept_count);
    number(w, "breach_count", view->breach_count);
    write_books(w, view);
    write_rest(w, view);
    write_compared(w, view);
    s1_json_object_end(w);
}
