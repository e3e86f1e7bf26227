/* Every device that can take the run now is equally likely (rule R22). */
#include <hostler/balancer.h>

static int random_open(const void *config, hst_host *host, void **ret_state, hst_error *err)
{
	(void)config, (void)host, (void)ret_state, (void)err;
	return HST_OK;
}

/*
 * Another 64 bits out of the same draw, so that a rejected number can be replaced and the answer stays
 * repeatable.
 */
static uint64_t next_of(uint64_t draw)
{
	draw += 0x9e3779b97f4a7c15u;
	draw = (draw ^ draw >> 30) * 0xbf58476d1ce4e5b9u;
	draw = (draw ^ draw >> 27) * 0x94d049bb133111ebu;
	return draw ^ draw >> 31;
}

/*
 * 2^64 is rarely a multiple of n, so a plain remainder would favour the first devices. The lowest 2^64 mod n
 * numbers are therefore not used; what is left splits into n equal parts.
 */
static int random_choose(void *state, hst_call *call, const hst_candidate *candidates, size_t n,
			 const hst_placement_demand *demand, uint64_t draw, size_t *ret_index, hst_error *err)
{
	uint64_t unused = (UINT64_MAX - n + 1) % n;

	(void)state, (void)call, (void)candidates, (void)demand, (void)err;
	while (draw < unused)
		draw = next_of(draw);
	*ret_index = (size_t)(draw % n);
	return HST_OK;
}

static const hst_balancer_ops random_ops = {
	.size = sizeof random_ops,
	.choose = random_choose,
};

HST_PLUGIN(random) = {
	.abi = HST_ABI,
	.size = sizeof(hst_plugin),
	.kind = HST_BALANCER,
	.name = "random",
	.version = "1.0",
	.summary = "Each device that can take the run now is equally likely",
	.open = random_open,
	.ops = &random_ops,
};
