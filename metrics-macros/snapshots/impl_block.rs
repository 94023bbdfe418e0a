impl<T: Item> Cart<T> {
    const LIMIT: usize = 10;
    #[::m::counted(labels(self.region), __inherited, __block("Cart", T))]
    pub fn add(&mut self, item: T) {
        self.items.push(item);
    }
    #[::m::counted(labels(self.region), __inherited, __block("Cart", T))]
    #[counted(skip)]
    pub fn len(&self) -> usize {
        self.items.len()
    }
    #[::m::counted(labels(self.region), __inherited, __block("Cart", T))]
    #[counted(outcome = false)]
    pub async fn clear(&mut self) {
        self.items.clear();
    }
    pub const fn limit() -> usize {
        Self::LIMIT
    }
}
