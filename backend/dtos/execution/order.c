#include "backend/dtos/execution/order.h"

const char *s1_order_role_name(int32_t role)
{
    switch (role) {
#define X(value, text)                                                                             \
    case value:                                                                                    \
        return text;
        S1_ORDER_ROLE_MAP(X)
#undef X
    default:
        return "invalid";
    }
}

const char *s1_order_state_name(int32_t state)
{
    switch (state) {
#define X(name)                                                                                    \
    case S1_ORDER_##name:                                                                          \
        return #name;
        S1_ORDER_STATE_MAP(X)
#undef X
    default:
        return "INVALID";
    }
}

const char *s1_order_type_name(int32_t type)
{
    static const char *const names[] = {
        [S1_ORDER_MARKET] = "MARKET",
        [S1_ORDER_LIMIT] = "LIMIT",
        [S1_ORDER_STOP] = "STOP",
        [S1_ORDER_STOP_LIMIT] = "STOP_LIMIT",
        [S1_ORDER_MARKET_IF_TOUCHED] = "MARKET_IF_TOUCHED",
        [S1_ORDER_LIMIT_IF_TOUCHED] = "LIMIT_IF_TOUCHED",
    };
    return type >= S1_ORDER_MARKET && type <= S1_ORDER_LIMIT_IF_TOUCHED ? names[type] : "INVALID";
}

const char *s1_order_name(const s1_order *order)
{
    if (!s1_order_trails(order) ||
        (order->type != S1_ORDER_STOP && order->type != S1_ORDER_STOP_LIMIT)) {
        return s1_order_type_name(order->type);
    }
    return order->type == S1_ORDER_STOP ? "TRAILING_STOP" : "TRAILING_STOP_LIMIT";
}

const char *s1_side_name(int32_t side)
{
    return side == S1_BUY ? "buy" : "sell";
}

const char *s1_fill_rule_name(int32_t rule)
{
    switch (rule) {
#define X(name, is_ambiguous)                                                                      \
    case S1_FILL_##name:                                                                           \
        return #name;
        S1_FILL_RULE_MAP(X)
#undef X
    default:
        return "INVALID";
    }
}

bool s1_fill_rule_is_ambiguous(int32_t rule)
{
    static const bool is_ambiguous[S1_FILL_RULE_COUNT] = {
#define X(name, flag) [S1_FILL_##name] = (flag) != 0,
        S1_FILL_RULE_MAP(X)
#undef X
    };
    return is_ambiguous[rule];
}
