/* simulators/kraken/http_server.h - an exchange on a loopback port: HTTP/1.1, connections are kept.
 *
 * Serves GET, and POST without looking at the body. What an exchange's fault asks of the wire is
 * done here: no answer ever, a closed connection, one closed in the middle of a body.
 */
#ifndef S1_SIMULATORS_KRAKEN_HTTP_SERVER_H
#define S1_SIMULATORS_KRAKEN_HTTP_SERVER_H

#include "backend/utils/net.h"
#include "simulators/kraken/exchange.h"

typedef struct s1_sim_server s1_sim_server;

/* Listens on 127.0.0.1, port 0: any. Everything is borrowed until _free. Errors: S1_E_IO,
 * S1_E_NO_MEMORY. */
S1_WARN_UNUSED s1_rc s1_sim_server_new(s1_sim_exchange *exchange, const s1_clock *clock,
                                       uint16_t port, s1_sim_server **ret_server, s1_err *err);
void s1_sim_server_free(s1_sim_server *server); /* accepts NULL */

uint16_t s1_sim_server_port(const s1_sim_server *server);

/* Serves what is ready, waiting at most `timeout` for it. */
S1_WARN_UNUSED s1_rc s1_sim_server_step(s1_sim_server *server, s1_nanos timeout, s1_err *err);

#endif /* S1_SIMULATORS_KRAKEN_HTTP_SERVER_H */
