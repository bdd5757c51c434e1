#include "backend/core/correlation_matrix.h"

#include "backend/utils/assert.h"

#include <math.h>
#include <stdlib.h>

/* One pair: the prices it was last sampled at, and a ring of returns. */
typedef struct pair {
    double last[2];
    bool is_fresh[2];   /* closed a bar since the last sample */
    bool has_base;      /* `last` holds a sample */
    uint64_t taken;     /* samples ever */
    double *returns[2]; /* [window] */
} pair;

struct s1_correlation_matrix {
    uint32_t link_count, window;
    double *closes; /* [link_count] */
    pair *pairs;    /* a < b */
    double *rings;
    size_t pair_count;
};

/* The place of the pair a < b. */
static size_t place_of(const s1_correlation_matrix *matrix, uint32_t a, uint32_t b)
{
    S1_ASSERT(a < b && b < matrix->link_count);
    return (size_t)a * matrix->link_count - (size_t)a * (a + 1) / 2 + (b - a - 1);
}

s1_rc s1_correlation_matrix_new(uint32_t link_count, uint32_t window,
                                s1_correlation_matrix **ret_matrix, s1_err *err)
{
    S1_ASSERT(window >= 2);
    s1_correlation_matrix *const matrix = calloc(1, sizeof *matrix);
    const size_t pairs = (size_t)link_count * (link_count > 0 ? link_count - 1 : 0) / 2;
    if (matrix != NULL) {
        *matrix = (s1_correlation_matrix){
            .link_count = link_count,
            .window = window,
            .closes = calloc((size_t)link_count + 1, sizeof *matrix->closes),
            .pairs = calloc(pairs + 1, sizeof *matrix->pairs),
            .rings = calloc(pairs * 2 * window + 1, sizeof *matrix->rings),
            .pair_count = pairs,
        };
    }
    if (matrix == NULL || matrix->closes == NULL || matrix->pairs == NULL ||
        matrix->rings == NULL) {
        s1_correlation_matrix_free(matrix);
        return S1_RAISE(err, S1_E_NO_MEMORY, "correlations of %u links over %u returns", link_count,
                        window);
    }
    for (size_t i = 0; i < pairs; i++) {
        matrix->pairs[i].returns[0] = matrix->rings + 2 * i * window;
        matrix->pairs[i].returns[1] = matrix->rings + (2 * i + 1) * window;
    }
    *ret_matrix = matrix;
    return S1_OK;
}

void s1_correlation_matrix_free(s1_correlation_matrix *matrix)
{
    if (matrix != NULL) {
        free(matrix->closes);
        free(matrix->pairs);
        free(matrix->rings);
        free(matrix);
    }
}

void s1_correlation_matrix_close(s1_correlation_matrix *matrix, uint32_t link, double close)
{
    S1_ASSERT(link < matrix->link_count);
    matrix->closes[link] = close;
    for (uint32_t other = 0; other < matrix->link_count; other++) {
        if (other < link) {
            matrix->pairs[place_of(matrix, other, link)].is_fresh[1] = true;
        } else if (other > link) {
            matrix->pairs[place_of(matrix, link, other)].is_fresh[0] = true;
        }
    }
}

static void sample(pair *p, double first, double second, uint32_t window)
{
    if (p->has_base) {
        const size_t at = (size_t)(p->taken++ % window);
        p->returns[0][at] = log(first / p->last[0]);
        p->returns[1][at] = log(second / p->last[1]);
    }
    p->has_base = true;
    p->last[0] = first;
    p->last[1] = second;
    p->is_fresh[0] = p->is_fresh[1] = false;
}

void s1_correlation_matrix_end_moment(s1_correlation_matrix *matrix)
{
    size_t at = 0;
    for (uint32_t a = 0; a < matrix->link_count; a++) {
        for (uint32_t b = a + 1; b < matrix->link_count; b++, at++) {
            pair *const p = &matrix->pairs[at];
            if (p->is_fresh[0] && p->is_fresh[1]) {
                sample(p, matrix->closes[a], matrix->closes[b], matrix->window);
            }
        }
    }
}

static double mean_of(const double *values, uint32_t count)
{
    double sum = 0.0;
    for (uint32_t i = 0; i < count; i++) {
        sum += values[i];
    }
    return sum / count;
}

bool s1_correlation_matrix_get(const s1_correlation_matrix *matrix, uint32_t a, uint32_t b,
                               double *ret_correlation)
{
    const pair *const p = &matrix->pairs[a < b ? place_of(matrix, a, b) : place_of(matrix, b, a)];
    if (p->taken < matrix->window) {
        return false;
    }
    const double means[] = {mean_of(p->returns[0], matrix->window),
                            mean_of(p->returns[1], matrix->window)};
    double both = 0.0;
    double own[] = {0.0, 0.0};
    for (uint32_t i = 0; i < matrix->window; i++) {
        const double x = p->returns[0][i] - means[0];
        const double y = p->returns[1][i] - means[1];
        both += x * y;
        own[0] += x * x;
        own[1] += y * y;
    }
    if (!(own[0] > 0.0) || !(own[1] > 0.0)) {
        return false;
    }
    *ret_correlation = both / sqrt(own[0] * own[1]);
    return true;
}
