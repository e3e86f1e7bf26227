/* Does nothing. It is linked with the libraries of the engine, so its start is the least that one of ours can take. */
int main(void)
{
	return 0;
}
