import { expect, it } from 'vitest';
import { nameOperations } from './names.ts';

const operation = (
  method: string,
  path: string,
  operationId: string | null = null,
  tag: string | null = null,
) => ({
  method,
  path,
  operationId,
  tag,
});
const names = (...operations: ReturnType<typeof operation>[]) =>
  nameOperations(operations).map(({ noun, verb }) => `${noun} ${verb}`);

it.each<[ReturnType<typeof operation>, string]>([
  [operation('GET', '/repos/{owner}/{repo}/issues', 'issues/list-for-repo', 'issues'), 'issues list-for-repo'],
  [operation('GET', '/pets', 'listPets', 'pets'), 'pets list'],
  [operation('GET', '/pet/{petId}', 'getPetById', 'pet'), 'pet get-by-id'],
  [operation('POST', '/v1/files/{key}/comments', 'postComment', 'Comments'), 'comments post'],
  [operation('GET', '/categories', 'list_categories', 'Category'), 'category list'],
  [operation('GET', '/users', 'GetHTTPUsersV2', 'Users & Teams'), 'users-teams get-http-v2'],
  [operation('GET', '/api/v2/orders'), 'orders list'],
  [operation('GET', '/orders/{id}'), 'orders get'],
  [operation('POST', '/orders'), 'orders create'],
  [operation('PATCH', '/orders/{id}'), 'orders update'],
  [operation('PUT', '/orders/{id}'), 'orders replace'],
  [operation('DELETE', '/orders/{id}'), 'orders delete'],
  [operation('POST', '/orders/{id}/refunds'), 'orders create-refunds'],
  [operation('GET', '/{anything}'), 'root get'],
  [operation('POST', '/2/tweets', 'pets', 'pets'), 'pets pets'],
  [operation('GET', '/gestion', 'obtenerGestión', 'Gestión de Niños'), 'gestion-de-ninos obtener'],
  [operation('GET', '/patients', 'список', 'Пациенты'), 'patsienty spisok'],
  [operation('GET', '/x', 'getX', '数据'), 'shu-ju get-x'],
  [operation('COPY', '/books/{id}'), 'books copy'],
])('%j is %s', (given, name) => {
  expect(names(given)).toEqual([name]);
});

it('tells apart what would be called the same, the same way in every order', () => {
  const all = [
    operation('GET', '/pets', 'listPets', 'pets'),
    operation('GET', '/pet', 'listPet', 'pets'),
    operation('GET', '/a/x'),
    operation('GET', '/a/X'),
  ];
  expect(names(...all)).toEqual(['pets list-pets', 'pets list-pet', 'a get-a-x', 'a get-a-x-2']);
  expect(names(...all.slice(0, 2).reverse())).toEqual(['pets list-pet', 'pets list-pets']);
});

it('keeps within 64 characters, the same whatever others there are', () => {
  const long = (end: string) =>
    operation(
      'GET',
      `/x/${end}`,
      `getTheWholeHistoryOfEverythingThatWasEverDoneByAnybodyHere${end}`,
      'Everything that is there',
    );
  const [one = '', other = ''] = names(long('One'), long('Two'));
  expect(one).not.toBe(other);
  expect([one, other].every((name) => name.length <= 64)).toBe(true);
  expect(names(long('Two'))).toEqual([other]);
});

it('keeps what had a name, and gives others another', () => {
  const before = new Map([['GET /pets', { noun: 'animals', verb: 'list' }]]);
  const added = operation('GET', '/animals', 'listAnimals', 'animals');
  const all = nameOperations([operation('GET', '/pets', 'listPets', 'pets'), added], before);
  expect(all).toEqual([
    { noun: 'animals', verb: 'list' },
    { noun: 'animals', verb: 'list-animals' },
  ]);
});
