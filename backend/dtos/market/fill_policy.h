/* backend/dtos/market/fill_policy.h - what stands where no bar is stored. The meaning of each
 * policy is that of backend/data/quality/fill.h, which makes the bars.
 */
#ifndef S1_BACKEND_DTOS_MARKET_FILL_POLICY_H
#define S1_BACKEND_DTOS_MARKET_FILL_POLICY_H

/* X(NAME, value, "text"). */
#define S1_FILL_POLICY_MAP(X)                                                                      \
    X(NONE, 1, "none")                                                                             \
    X(PREVIOUS_CLOSE, 2, "previous_close")
enum s1_fill_policy {
#define X(name, value, text) S1_FILL_##name = (value),
    S1_FILL_POLICY_MAP(X)
#undef X
};

#endif /* S1_BACKEND_DTOS_MARKET_FILL_POLICY_H */
