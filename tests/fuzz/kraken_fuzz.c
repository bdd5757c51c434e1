/* Replies of Kraken's public REST: whatever the bytes are, reading them ends with rows that keep
 * the connector's promises, with "again", or with an error. The first byte says what was asked. */
#include "backend/connectors/kraken/kraken_public.h"
#include "backend/utils/assert.h"
#include "backend/utils/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char pairs_body[] =
    "{\"error\":[],\"result\":{\"XXBTZUSD\":{\"altname\":\"XBTUSD\",\"wsname\":\"XBT\\/USD\","
    "\"pair_decimals\":1,\"lot_decimals\":8}}}";

static s1_rc answer(s1_connector *connector, s1_str body, s1_history_page *page)
{
    s1_wire_request request = {0};
    bool is_done = false;
    s1_err err = S1_ERR_INIT;
    S1_ASSERT(s1_connector_next_request(connector, 0, &request, &is_done, &err) == S1_OK);
    S1_ASSERT(!is_done);
    const s1_wire_reply reply = {
        .id = request.id, .outcome = S1_WIRE_REPLY, .status = 200, .body = body};
    return s1_connector_on_reply(connector, &reply, page, &err);
}

static void check_numbers(const s1_history_page *page, size_t first, size_t last)
{
    for (size_t c = first; c <= last; c++) {
        const int64_t *const values = page->columns[c];
        for (size_t i = 0; i < page->count; i++) {
            S1_ASSERT(values[i] >= 0 && values[i] <= S1_MANTISSA_MAX);
        }
    }
}

static void check_page(const s1_history_page *page, bool is_trades)
{
    const s1_nanos *const time = page->columns[0];
    S1_ASSERT(page->price_scale <= S1_SCALE_MAX && page->qty_scale <= S1_SCALE_MAX &&
              page->vwap_scale <= S1_SCALE_MAX);
    for (size_t i = 0; i < page->count; i++) {
        S1_ASSERT(time[i] >= 0 && time[i] < INT64_MAX / 2);
        S1_ASSERT(i == 0 || (is_trades ? time[i] >= time[i - 1] : time[i] > time[i - 1]));
    }
    if (!is_trades) {
        check_numbers(page, S1_BAR_OPEN, S1_BAR_VOLUME);
        check_numbers(page, S1_BAR_VWAP, S1_BAR_VWAP);
        return;
    }
    const int64_t *const id = page->columns[S1_TRADE_ID];
    const uint8_t *const side = page->columns[S1_TRADE_SIDE];
    check_numbers(page, S1_TRADE_PRICE, S1_TRADE_QUANTITY);
    for (size_t i = 0; i < page->count; i++) {
        S1_ASSERT(side[i] == S1_TRADE_BUY || side[i] == S1_TRADE_SELL);
        S1_ASSERT(i == 0 || id[i] > id[i - 1]);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    s1_connector *connector = NULL;
    s1_err err = S1_ERR_INIT;
    if (size == 0) {
        return 0;
    }
    const bool is_trades = data[0] % 3 != 1, is_pair = data[0] % 3 == 2;
    const s1_str body = {(const char *)data + 1, size - 1};
    const s1_history_request request = {{.asset_pair = S1_STR("BTC/USD"),
                                         .data_type = is_trades ? S1_DATA_TRADES : S1_DATA_OHLCV,
                                         .timeframe = is_trades ? 0 : 60 * S1_NANOS_PER_SECOND},
                                        {0, INT64_MAX / 2}};
    S1_ASSERT(s1_kraken_public_new(&(s1_kraken_public_options){.spacing = -1}, &connector, &err) ==
              S1_OK);
    S1_ASSERT(s1_connector_open_history(connector, &request, &err) == S1_OK);
    s1_history_page page = {0};
    if (!is_pair) {
        S1_ASSERT(answer(connector, s1_str_of(pairs_body), &page) == S1_OK);
    }
    if (answer(connector, body, &page) == S1_OK) {
        S1_ASSERT(page.verdict == S1_PAGE_ROWS || page.verdict == S1_PAGE_AGAIN ||
                  page.verdict == S1_PAGE_LIMITED);
        S1_ASSERT(page.verdict == S1_PAGE_ROWS || page.reason[0] != '\0');
        if (page.verdict == S1_PAGE_ROWS && page.count > 0) {
            check_page(&page, is_trades);
        }
    }
    s1_connector_free(connector);
    return 0;
}
