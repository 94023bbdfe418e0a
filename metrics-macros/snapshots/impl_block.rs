impl<T: Item> Cart<T> {
    const LIMIT: usize = 10;
    #[::m::counted(labels(self.region), __block("Cart", T))]
    pub fn add(&mut self, item: T) {
        self.items.push(item);
    }
    pub fn len(&self) -> usize {
        self.items.len()
    }
    #[counted(outcome = false, __block("Cart", T))]
    pub async fn clear(&mut self) {
        self.items.clear();
    }
    pub const fn limit() -> usize {
        Self::LIMIT
    }
}
